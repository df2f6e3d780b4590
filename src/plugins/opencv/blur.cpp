/* blur: cv::GaussianBlur, medianBlur or bilateralFilter of each plane. In a chroma plane that is smaller than
 * the picture the kernel shrinks with it, so that it reaches as far as in luma. */
#include "plugins/opencv/kernel.hpp"
#include "plugins/opencv/planes.hpp"
#include "plugins/opencv/shim.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace
{

enum { GAUSSIAN, MEDIAN, BILATERAL };

const char *const types[] = {"gaussian", "median", "bilateral", nullptr};

constexpr int usual_kernel = 31;
constexpr int largest_median = 255; /* beyond, OpenCV's 16-bit counters overflow */

struct Options {
    int type, kernel, d;
    double sigma, sigma_color, sigma_space;
};

const vidmpi_option options[] = {
    shim::choice("type", "gaussian, median or bilateral", offsetof(Options, type), types),
    shim::number("kernel", "side of the kernel in luma pixels, odd (0: 31; chroma: scaled with the plane)",
                 VIDMPI_INT, offsetof(Options, kernel), "0", 0, 999),
    shim::number("sigma", "of gaussian (0: from the kernel)", VIDMPI_DOUBLE, offsetof(Options, sigma), "0", 0,
                 1000),
    shim::number("d", "diameter of bilateral in luma pixels (0: from sigma_space)", VIDMPI_INT,
                 offsetof(Options, d), "9", 0, 255),
    shim::number("sigma_color", "of bilateral, in sample values", VIDMPI_DOUBLE,
                 offsetof(Options, sigma_color), "75", 0, 1000),
    shim::number("sigma_space", "of bilateral, in luma pixels", VIDMPI_DOUBLE, offsetof(Options, sigma_space),
                 "75", 0, 1000),
    {},
};

int context(void *at, unsigned *, unsigned *, vidmpi_call *call)
{
    auto &o = *static_cast<Options *>(at);
    if (!o.kernel)
        o.kernel = usual_kernel;
    kernel::make_odd(o.kernel);
    if (o.type == MEDIAN && o.kernel > largest_median)
        return call->fail(call, "a kernel of type=median has at most 255 pixels");
    return 0;
}

void bilateral(const Options &o, int step, const cv::Mat &from, cv::Mat &to)
{
    const int d = o.d > 0 && step > 1 ? kernel::scaled(o.d, step) : o.d;
    cv::bilateralFilter(from, to, d, o.sigma_color, o.sigma_space / step);
}

void blur(const Options &o, int step_x, int step_y, const cv::Mat &from, cv::Mat &to)
{
    if (o.type == GAUSSIAN)
        kernel::gaussian(from, to, o.kernel, o.sigma, step_x, step_y);
    else if (o.type == MEDIAN) /* square kernels only: of the coarser direction */
        cv::medianBlur(from, to, kernel::scaled(o.kernel, std::max(step_x, step_y)));
    else
        bilateral(o, std::max(step_x, step_y), from, to);
}

void blur_picture(const Options &o, const vidmpi_picture &in, const vidmpi_picture &out)
{
    const planes::Layout &layout = planes::layout_of(in);
    if (layout.packed()) {
        cv::Mat to = planes::plane(out, 0);
        blur(o, 1, 1, planes::plane(in, 0), to);
        return;
    }
    for (int i = 0; i < layout.count(); i++)
        planes::each_channel(in, out, i, [&](const cv::Mat &from, cv::Mat &to) {
            const bool small = layout.is_chroma(i);
            if (layout.is_alpha(i))
                from.copyTo(to);
            else
                blur(o, small ? layout.step_x() : 1, small ? layout.step_y() : 1, from, to);
        });
}

int process(void *, const void *o, const vidmpi_window *window, vidmpi_picture *out, vidmpi_call *call)
{
    return shim::guarded(call, [&] {
        blur_picture(*static_cast<const Options *>(o), *window->pictures[window->before], *out);
        return 0;
    });
}

} // namespace

const vidmpi_filter blur_filter = shim::filter<Options>(
    "blur", "Blur with OpenCV: gaussian, median or bilateral.", options, context, process, VIDMPI_WRITES_ALL);
