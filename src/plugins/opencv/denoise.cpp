/* denoise: cv::fastNlMeansDenoising of luma, and of both chroma planes together; of RGB what
 * fastNlMeansDenoisingColored makes. */
#include "plugins/opencv/kernel.hpp"
#include "plugins/opencv/planes.hpp"
#include "plugins/opencv/shim.hpp"

#include <opencv2/imgproc.hpp>
#include <opencv2/photo.hpp>

namespace
{

struct Options {
    double h, h_color;
    int template_size, search_size;
};

const vidmpi_option options[] = {
    shim::number("h", "strength in luma; more removes noise and detail", VIDMPI_DOUBLE, offsetof(Options, h),
                 "3", 0, 255),
    shim::number("h_color", "strength in colour", VIDMPI_DOUBLE, offsetof(Options, h_color), "3", 0, 255),
    shim::number("template", "side of the patches that are compared, odd", VIDMPI_INT,
                 offsetof(Options, template_size), "7", 1, 99),
    shim::number("search", "side of the window that they are looked for in, odd", VIDMPI_INT,
                 offsetof(Options, search_size), "21", 1, 99),
    {},
};

int context(void *at, unsigned *, unsigned *, vidmpi_call *)
{
    auto &o = *static_cast<Options *>(at);
    kernel::make_odd(o.template_size);
    kernel::make_odd(o.search_size);
    return 0;
}

cv::Mat denoised(const Options &o, const cv::Mat &from, double h)
{
    cv::Mat to;
    cv::fastNlMeansDenoising(from, to, float(h), o.template_size, o.search_size);
    return to;
}

void denoise_rgb(const Options &o, const cv::Mat &from, cv::Mat to, bool swapped)
{
    cv::Mat bgr, made;
    if (swapped)
        cv::cvtColor(from, bgr, cv::COLOR_RGB2BGR);
    cv::fastNlMeansDenoisingColored(swapped ? bgr : from, made, float(o.h), float(o.h_color), o.template_size,
                                    o.search_size);
    if (swapped)
        cv::cvtColor(made, to, cv::COLOR_BGR2RGB);
    else
        made.copyTo(to);
}

void denoise_chroma(const Options &o, planes::Kind kind, const vidmpi_picture &in, const vidmpi_picture &out)
{
    if (kind == planes::Kind::semiplanar) {
        denoised(o, planes::plane(in, 1), o.h_color).copyTo(planes::plane(out, 1));
        return;
    }
    cv::Mat both;
    cv::merge(std::vector<cv::Mat>{planes::plane(in, 1), planes::plane(in, 2)}, both);
    std::vector<cv::Mat> to{planes::plane(out, 1), planes::plane(out, 2)};
    cv::split(denoised(o, both, o.h_color), to);
}

void denoise(const Options &o, const vidmpi_picture &in, const vidmpi_picture &out)
{
    const planes::Layout &layout = planes::layout_of(in);
    if (layout.packed()) {
        denoise_rgb(o, planes::plane(in, 0), planes::plane(out, 0), layout.kind == planes::Kind::rgb);
        return;
    }
    denoised(o, planes::plane(in, 0), o.h).copyTo(planes::plane(out, 0));
    if (layout.count() > 1)
        denoise_chroma(o, layout.kind, in, out);
}

int process(void *, const void *o, const vidmpi_window *window, vidmpi_picture *out, vidmpi_call *call)
{
    return shim::guarded(call, [&] {
        denoise(*static_cast<const Options *>(o), *window->pictures[window->before], *out);
        return 0;
    });
}

} // namespace

const vidmpi_filter denoise_filter = shim::filter<Options>(
    "denoise", "Remove noise with OpenCV's non-local means.", options, context, process); /* alpha stays */
