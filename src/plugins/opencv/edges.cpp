/* edges: the grey picture's edges, by cv::Canny, Sobel or Laplacian, as a grey picture. */
#include "plugins/opencv/kernel.hpp"
#include "plugins/opencv/planes.hpp"
#include "plugins/opencv/shim.hpp"

#include <opencv2/imgproc.hpp>

namespace
{

enum { CANNY, SOBEL, LAPLACIAN };

const char *const types[] = {"canny", "sobel", "laplacian", nullptr};

struct Options {
    int type, aperture_size, ksize;
    double threshold1, threshold2;
};

const vidmpi_option options[] = {
    shim::choice("type", "canny (0 or 255), sobel or laplacian (strength)", offsetof(Options, type), types),
    shim::number("threshold1", "of canny: what an edge goes on with", VIDMPI_DOUBLE,
                 offsetof(Options, threshold1), "50", 0, 1e6),
    shim::number("threshold2", "of canny: what an edge begins with", VIDMPI_DOUBLE,
                 offsetof(Options, threshold2), "150", 0, 1e6),
    shim::number("aperture_size", "of canny: side of its Sobel kernel, 3, 5 or 7", VIDMPI_INT,
                 offsetof(Options, aperture_size), "3", 3, 7),
    shim::number("ksize", "of sobel and laplacian: side of the kernel, odd", VIDMPI_INT,
                 offsetof(Options, ksize), "3", 1, 31),
    {},
};

int context(void *at, unsigned *, unsigned *, vidmpi_call *)
{
    auto &o = *static_cast<Options *>(at);
    kernel::make_odd(o.aperture_size);
    kernel::make_odd(o.ksize);
    return 0;
}

cv::Mat sobel(const cv::Mat &grey, int ksize)
{
    cv::Mat x, y, strength, map;
    cv::Sobel(grey, x, CV_64F, 1, 0, ksize);
    cv::Sobel(grey, y, CV_64F, 0, 1, ksize);
    cv::magnitude(x, y, strength);
    cv::convertScaleAbs(strength, map);
    return map;
}

cv::Mat laplacian(const cv::Mat &grey, int ksize)
{
    cv::Mat strength, map;
    cv::Laplacian(grey, strength, CV_64F, ksize);
    cv::convertScaleAbs(strength, map);
    return map;
}

cv::Mat edges(const Options &o, const cv::Mat &grey)
{
    cv::Mat map;
    if (o.type == SOBEL)
        return sobel(grey, o.ksize);
    if (o.type == LAPLACIAN)
        return laplacian(grey, o.ksize);
    cv::Canny(grey, map, o.threshold1, o.threshold2, o.aperture_size);
    return map;
}

int process(void *, const void *o, const vidmpi_window *window, vidmpi_picture *out, vidmpi_call *call)
{
    return shim::guarded(call, [&] {
        const cv::Mat grey = planes::grey(*window->pictures[window->before]);
        planes::show_grey(*out, edges(*static_cast<const Options *>(o), grey));
        return 0;
    });
}

} // namespace

const vidmpi_filter edges_filter =
    shim::filter<Options>("edges", "Show edges with OpenCV: canny, sobel or laplacian.", options, context,
                          process); /* alpha stays */
