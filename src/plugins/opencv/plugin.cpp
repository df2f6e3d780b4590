#include "plugins/opencv/shim.hpp"

#include <opencv2/core.hpp>
#include <opencv2/core/ocl.hpp>
#include <opencv2/core/utility.hpp>

#include <algorithm>
#include <cstdio>
#include <mutex>

namespace shim
{

void settle()
{
    static std::once_flag once;
    std::call_once(once, [] { cv::setNumThreads(1); });
    cv::ocl::setUseOpenCL(false); /* of this thread only */
}

int failed(vidmpi_call *call, const std::exception &why) noexcept
{
    char sentence[512];
    const auto *opencv = dynamic_cast<const cv::Exception *>(&why);
    if (opencv)
        std::snprintf(sentence, sizeof sentence, "OpenCV's %s says: %s", opencv->func.c_str(),
                      opencv->err.c_str());
    else
        std::snprintf(sentence, sizeof sentence, "%s", why.what());
    std::replace(std::begin(sentence), std::end(sentence), '\n', ' ');
    return call->fail(call, sentence);
}

int failed(vidmpi_call *call) noexcept
{
    return call->fail(call, "OpenCV has thrown something unknown");
}

} // namespace shim

namespace
{

const vidmpi_filter *const filters[] = {
    &blur_filter, &denoise_filter, &edges_filter, &faces_filter, &motion_filter, nullptr,
};

/* OpenCV's version belongs to ours: another one may give other frames. */
const char *version() noexcept
{
    static char text[64];
    std::snprintf(text, sizeof text, "%s with OpenCV %d.%d.%d", VID_VERSION, cv::getVersionMajor(),
                  cv::getVersionMinor(), cv::getVersionRevision());
    return text;
}

} // namespace

const struct vidmpi_plugin *vidmpi_plugin(void)
{
    static const struct vidmpi_plugin plugin = {VIDMPI_FILTER_ABI, "opencv", version(), filters};
    return &plugin;
}
