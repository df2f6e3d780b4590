/* shim: what every filter of this plugin is made of. */
#ifndef VID_PLUGINS_OPENCV_SHIM_HPP
#define VID_PLUGINS_OPENCV_SHIM_HPP

#include "media/filter.h"
#include "plugins/opencv/planes.hpp"

#include <cstddef>
#include <exception>

extern const vidmpi_filter blur_filter, denoise_filter, edges_filter, faces_filter, motion_filter;

namespace shim
{

/* OpenCV on this thread as a rank needs it: one thread, no OpenCL. */
void settle();

/* Tells why, in one sentence. Returns -1. */
int failed(vidmpi_call *call, const std::exception &why) noexcept;
int failed(vidmpi_call *call) noexcept; /* something that is no std::exception */

/* Runs work(), which returns 0 or what call->fail did. Whatever it throws ends here. */
template <class Work> int guarded(vidmpi_call *call, Work work) noexcept
{
    try {
        settle();
        return work();
    } catch (const std::exception &why) {
        return failed(call, why);
    } catch (...) {
        return failed(call);
    }
}

constexpr vidmpi_option number(const char *name, const char *help, vidmpi_option_type type, size_t at,
                               const char *preset, double min, double max)
{
    return {name, help, type, at, preset, min, max, nullptr};
}

constexpr vidmpi_option flag(const char *name, const char *help, size_t at, const char *preset)
{
    return {name, help, VIDMPI_BOOL, at, preset, 0, 1, nullptr};
}

constexpr vidmpi_option choice(const char *name, const char *help, size_t at, const char *const *choices)
{
    return {name, help, VIDMPI_CHOICE, at, choices[0], 0, 0, choices};
}

constexpr vidmpi_option text(const char *name, const char *help, vidmpi_option_type type, size_t at,
                             const char *preset)
{
    return {name, help, type, at, preset, 0, 0, nullptr};
}

/* A filter of this plugin: all take the same formats, and give pictures of the same shape whatever their
 * number. */
template <class Options, std::size_t N>
constexpr vidmpi_filter filter(const char *name, const char *summary, const vidmpi_option (&options)[N],
                               decltype(vidmpi_filter::context) context,
                               decltype(vidmpi_filter::process) process, unsigned flags = 0,
                               decltype(vidmpi_filter::init) init = nullptr,
                               decltype(vidmpi_filter::free) free = nullptr)
{
    return {
        name, summary, options, sizeof(Options), flags | VIDMPI_NUMBERLESS, planes::formats, context, nullptr,
        init, process, free};
}

} // namespace shim

#endif
