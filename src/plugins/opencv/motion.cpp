/* motion: what has moved since the frame before, by difference or by Farneback's optical flow. */
#include "plugins/opencv/paint.hpp"
#include "plugins/opencv/planes.hpp"
#include "plugins/opencv/shim.hpp"

#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

#include <string>
#include <vector>

namespace
{

enum { DIFF, OPTICAL_FLOW };

const char *const types[] = {"diff", "optical_flow", nullptr};

constexpr int arrow_grid = 16;   /* pixels from arrow to arrow */
constexpr float arrow_least = 1; /* longer ones are drawn */

struct Options {
    int type, threshold, draw_arrows, thickness;
    double min_area;
    uint8_t color[4];
};

const vidmpi_option options[] = {
    shim::choice("type", "diff (boxes) or optical_flow (arrows or colours)", offsetof(Options, type), types),
    shim::number("threshold", "of diff: a difference above it is motion", VIDMPI_INT,
                 offsetof(Options, threshold), "25", 0, 255),
    shim::flag("draw_arrows", "of optical_flow: arrows, else direction as hue and length as brightness",
               offsetof(Options, draw_arrows), "1"),
    shim::number("min_area", "of diff: the smallest area in pixels that gets a box", VIDMPI_DOUBLE,
                 offsetof(Options, min_area), "500", 0, 1e9),
    shim::text("color", "of boxes and arrows", VIDMPI_COLOR, offsetof(Options, color), "0x00ff00"),
    shim::number("thickness", "of the boxes' lines, in pixels", VIDMPI_INT, offsetof(Options, thickness), "2",
                 1, 1000),
    {},
};

int context(void *, unsigned *before, unsigned *, vidmpi_call *)
{
    *before = 1;
    return 0;
}

cv::Mat smooth(const cv::Mat &grey)
{
    cv::Mat made;
    cv::GaussianBlur(grey, made, cv::Size(21, 21), 0);
    return made;
}

std::vector<cv::Rect> find_boxes(const Options &o, const cv::Mat &before, const cv::Mat &now)
{
    cv::Mat moved;
    cv::absdiff(smooth(before), smooth(now), moved);
    cv::threshold(moved, moved, o.threshold, 255, cv::THRESH_BINARY);
    cv::dilate(moved, moved, cv::Mat(), cv::Point(-1, -1), 2);
    std::vector<std::vector<cv::Point>> outlines;
    cv::findContours(moved, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
    std::vector<cv::Rect> boxes;
    for (const auto &outline : outlines)
        if (cv::contourArea(outline) >= o.min_area)
            boxes.push_back(cv::boundingRect(outline));
    paint::sort(boxes);
    return boxes;
}

void tell_boxes(const std::vector<cv::Rect> &boxes, vidmpi_call *call)
{
    call->stat(call, "count", std::to_string(boxes.size()).c_str());
    call->stat(call, "boxes", paint::text(boxes).c_str());
}

void diff(const Options &o, const cv::Mat &before, const cv::Mat &now, vidmpi_picture &out, vidmpi_call *call)
{
    const std::vector<cv::Rect> boxes = find_boxes(o, before, now);
    paint::Brush brush(out, o.color);
    for (const cv::Rect &box : boxes)
        brush.box(box, o.thickness);
    tell_boxes(boxes, call);
}

/* Returns how many. */
int draw_arrows(const cv::Mat &flow, cv::Mat &mask)
{
    int arrows = 0;
    for (int y = arrow_grid / 2; y < flow.rows; y += arrow_grid)
        for (int x = arrow_grid / 2; x < flow.cols; x += arrow_grid) {
            const cv::Point2f by = flow.at<cv::Point2f>(y, x);
            if (by.dot(by) <= arrow_least * arrow_least)
                continue;
            const cv::Point from(x, y), to(cvRound(float(x) + by.x), cvRound(float(y) + by.y));
            cv::arrowedLine(mask, from, to, cv::Scalar(255), 1, cv::LINE_8, 0, 0.3);
            arrows++;
        }
    return arrows;
}

/* Direction as hue, length as brightness. */
cv::Mat flow_colors(const cv::Mat &flow)
{
    std::vector<cv::Mat> xy, hsv(3);
    cv::Mat length, angle, joint, bgr;
    cv::split(flow, xy);
    cv::cartToPolar(xy[0], xy[1], length, angle, true);
    angle.convertTo(hsv[0], CV_8U, 0.5); /* OpenCV's hue ends at 180 */
    hsv[0].setTo(0, hsv[0] >= 180);
    hsv[1] = cv::Mat(flow.size(), CV_8U, cv::Scalar(255));
    cv::normalize(length, length, 0, 255, cv::NORM_MINMAX);
    length.convertTo(hsv[2], CV_8U);
    cv::merge(hsv, joint);
    cv::cvtColor(joint, bgr, cv::COLOR_HSV2BGR);
    return bgr;
}

void optical_flow(const Options &o, const cv::Mat &before, const cv::Mat &now, vidmpi_picture &out,
                  vidmpi_call *call)
{
    cv::Mat flow;
    cv::calcOpticalFlowFarneback(before, now, flow, 0.5, 3, 15, 3, 5, 1.2, 0);
    cv::Mat mask = cv::Mat::zeros(flow.size(), CV_8U);
    const int arrows = draw_arrows(flow, mask);
    call->stat(call, "arrows", std::to_string(arrows).c_str());
    if (!o.draw_arrows)
        paint::show_bgr(out, flow_colors(flow));
    else if (arrows)
        paint::Brush(out, o.color).through(mask);
}

/* The first frame has none before it and stays as it is. */
void first(const Options &o, vidmpi_call *call)
{
    if (o.type == DIFF)
        tell_boxes({}, call);
    else
        call->stat(call, "arrows", "0");
}

int process(void *, const void *options_at, const vidmpi_window *window, vidmpi_picture *out,
            vidmpi_call *call)
{
    return shim::guarded(call, [&] {
        const auto &o = *static_cast<const Options *>(options_at);
        const vidmpi_picture *before = window->pictures[window->before - 1];
        if (!before) {
            first(o, call);
            return 0;
        }
        const cv::Mat was = planes::grey(*before), is = planes::grey(*window->pictures[window->before]);
        if (o.type == DIFF)
            diff(o, was, is, *out, call);
        else
            optical_flow(o, was, is, *out, call);
        return 0;
    });
}

} // namespace

const vidmpi_filter motion_filter = shim::filter<Options>(
    "motion", "Show motion with OpenCV: boxes, arrows or colours.", options, context, process);
