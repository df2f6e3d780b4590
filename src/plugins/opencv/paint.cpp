#include "plugins/opencv/paint.hpp"

#include "plugins/opencv/planes.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <tuple>

namespace paint
{

using planes::Kind;
using planes::Layout;

namespace
{

/* The shares of red and blue in luma, of ffmpeg's names. */
struct Shares {
    const char *matrix;
    double red, blue;
};

constexpr Shares bt601 = {"smpte170m", 0.299, 0.114}, bt709 = {"bt709", 0.2126, 0.0722};
constexpr Shares others[] = {{"bt470bg", 0.299, 0.114},
                             {"fcc", 0.3, 0.11},
                             {"smpte240m", 0.212, 0.087},
                             {"bt2020nc", 0.2627, 0.0593},
                             {"bt2020c", 0.2627, 0.0593}};

/* Where the video does not say, what players take. */
const Shares &shares_of(const vidmpi_picture &picture)
{
    const std::string_view name = picture.matrix ? picture.matrix : "";
    for (const Shares *shares : {&bt601, &bt709})
        if (name == shares->matrix)
            return *shares;
    for (const Shares &shares : others)
        if (name == shares.matrix)
            return shares;
    return picture.width >= 1280 || picture.height > 576 ? bt709 : bt601;
}

bool is_full_range(const vidmpi_picture &picture)
{
    const Layout &layout = planes::layout_of(picture);
    if (!picture.range || (layout.full && layout.kind == Kind::planar)) /* yuvj*: the name says it */
        return layout.full;
    return !std::strcmp(picture.range, "pc");
}

/* Y, U and V of B, G, R and 1. */
cv::Matx34d matrix_of(const vidmpi_picture &picture)
{
    const Shares &shares = shares_of(picture);
    const double red = shares.red, blue = shares.blue, green = 1 - red - blue;
    const bool full = is_full_range(picture);
    const double luma = full ? 1 : 219. / 255, chroma = full ? 1 : 224. / 255;
    const double u = chroma / 2 / (1 - blue), v = chroma / 2 / (1 - red);
    return {luma * blue,    luma * green, luma * red,    full ? 0. : 16., //
            u * (1 - blue), -u * green,   -u * red,      128.,            //
            -v * blue,      -v * green,   v * (1 - red), 128.};
}

void blend(cv::Mat area, const cv::Scalar &color, double alpha)
{
    if (alpha >= 1)
        area.setTo(color);
    else
        cv::addWeighted(area, 1 - alpha, cv::Mat(area.size(), area.type(), color), alpha, 0, area);
}

/* The mask for plane i: a sample is meant when one of its pixels is. */
cv::Mat mask_for(const Layout &layout, int i, const cv::Mat &mask, const cv::Size &size)
{
    if (!layout.is_chroma(i))
        return mask;
    cv::Mat whole, small;
    const int right = size.width * layout.step_x() - mask.cols,
              below = size.height * layout.step_y() - mask.rows;
    cv::copyMakeBorder(mask, whole, 0, below, 0, right, cv::BORDER_CONSTANT, cv::Scalar(0));
    cv::resize(whole, small, size, 0, 0, cv::INTER_AREA);
    return small > 0;
}

} // namespace

Brush::Brush(vidmpi_picture &on, const uint8_t rgba[4]) : picture(on), alpha(rgba[3] / 255.)
{
    const Layout &layout = planes::layout_of(picture);
    const cv::Vec3d yuv = matrix_of(picture) * cv::Vec4d(rgba[2], rgba[1], rgba[0], 1);
    if (layout.kind == Kind::rgb)
        samples[0] = cv::Scalar(rgba[0], rgba[1], rgba[2]);
    else if (layout.kind == Kind::bgr)
        samples[0] = cv::Scalar(rgba[2], rgba[1], rgba[0]);
    else
        samples[0] = cv::Scalar(yuv[0]);
    samples[1] = cv::Scalar(yuv[1], yuv[2]);
    samples[2] = cv::Scalar(yuv[2]);
}

void Brush::fill(const cv::Rect &pixels)
{
    const Layout &layout = planes::layout_of(picture);
    for (int i = 0; i < layout.count(); i++)
        if (!layout.is_alpha(i))
            blend(planes::plane(picture, i)(planes::in_plane(layout, i, pixels)), samples[i], alpha);
}

void Brush::box(const cv::Rect &pixels, int thickness)
{
    const Layout &layout = planes::layout_of(picture);
    const cv::Rect box = planes::on_grid(picture, pixels);
    const int x = cv::alignSize(thickness, layout.step_x()), y = cv::alignSize(thickness, layout.step_y());
    if (box.empty())
        return;
    if (box.width <= 2 * x || box.height <= 2 * y) {
        fill(box);
        return;
    }
    /* The lower and the right edge of a picture may lie off the grid. */
    const int right = (box.br().x - x) >> layout.log2_x << layout.log2_x;
    const int below = (box.br().y - y) >> layout.log2_y << layout.log2_y;
    fill({box.x, box.y, box.width, y});
    fill({box.x, below, box.width, box.br().y - below});
    fill({box.x, box.y + y, x, below - box.y - y});
    fill({right, box.y + y, box.br().x - right, below - box.y - y});
}

void Brush::through(const cv::Mat &mask)
{
    const Layout &layout = planes::layout_of(picture);
    for (int i = 0; i < layout.count(); i++) {
        if (layout.is_alpha(i))
            continue;
        cv::Mat whole = planes::plane(picture, i), painted = whole.clone();
        blend(painted, samples[i], alpha);
        painted.copyTo(whole, mask_for(layout, i, mask, whole.size()));
    }
}

void show_bgr(vidmpi_picture &picture, const cv::Mat &bgr)
{
    const Layout &layout = planes::layout_of(picture);
    cv::Mat first = planes::plane(picture, 0);
    if (layout.kind == Kind::bgr) {
        bgr.copyTo(first);
        return;
    }
    if (layout.kind == Kind::rgb) {
        cv::cvtColor(bgr, first, cv::COLOR_BGR2RGB);
        return;
    }
    std::vector<cv::Mat> yuv;
    cv::Mat joint;
    cv::transform(bgr, joint, matrix_of(picture));
    cv::split(joint, yuv);
    yuv[0].copyTo(first);
    for (int i = 1; i < layout.count(); i++) {
        cv::Mat to = planes::plane(picture, i), both;
        if (layout.is_alpha(i))
            continue;
        if (layout.kind == Kind::semiplanar)
            cv::merge(std::vector<cv::Mat>{yuv[1], yuv[2]}, both);
        cv::resize(both.empty() ? yuv[i] : both, to, to.size(), 0, 0, cv::INTER_AREA);
    }
}

std::string text(const std::vector<cv::Rect> &boxes)
{
    std::string text = "[";
    for (const cv::Rect &box : boxes)
        text +=
            cv::format("%s[%d,%d,%d,%d]", text.size() > 1 ? "," : "", box.x, box.y, box.width, box.height);
    return text + "]";
}

void sort(std::vector<cv::Rect> &boxes)
{
    std::sort(boxes.begin(), boxes.end(), [](const cv::Rect &a, const cv::Rect &b) {
        return std::tie(a.y, a.x, a.height, a.width) < std::tie(b.y, b.x, b.height, b.width);
    });
}

} // namespace paint
