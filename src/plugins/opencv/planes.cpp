#include "plugins/opencv/planes.hpp"

#include <opencv2/imgproc.hpp>

#include <array>
#include <cstring>

namespace planes
{

namespace
{

/* Best first: those that most videos have. */
constexpr Layout layouts[] = {
    {"yuv420p", Kind::planar, 1, 1, false, false},  {"yuvj420p", Kind::planar, 1, 1, false, true},
    {"yuv422p", Kind::planar, 1, 0, false, false},  {"yuvj422p", Kind::planar, 1, 0, false, true},
    {"yuv444p", Kind::planar, 0, 0, false, false},  {"yuvj444p", Kind::planar, 0, 0, false, true},
    {"yuv440p", Kind::planar, 0, 1, false, false},  {"yuvj440p", Kind::planar, 0, 1, false, true},
    {"yuv411p", Kind::planar, 2, 0, false, false},  {"yuvj411p", Kind::planar, 2, 0, false, true},
    {"yuv410p", Kind::planar, 2, 2, false, false},  {"yuva420p", Kind::planar, 1, 1, true, false},
    {"yuva422p", Kind::planar, 1, 0, true, false},  {"yuva444p", Kind::planar, 0, 0, true, false},
    {"nv12", Kind::semiplanar, 1, 1, false, false}, {"nv16", Kind::semiplanar, 1, 0, false, false},
    {"gray", Kind::grey, 0, 0, false, true},        {"rgb24", Kind::rgb, 0, 0, false, true},
    {"bgr24", Kind::bgr, 0, 0, false, true},
};

constexpr size_t layout_count = sizeof layouts / sizeof layouts[0];

constexpr std::array<const char *, layout_count + 1> names_of_all()
{
    std::array<const char *, layout_count + 1> list{};
    for (size_t i = 0; i < layout_count; i++)
        list[i] = layouts[i].format;
    return list;
}

constexpr auto names = names_of_all();

int shifted_up(int value, int shift)
{
    return (value + (1 << shift) - 1) >> shift;
}

} // namespace

const char *const *const formats = names.data();

int Layout::count() const
{
    if (kind == Kind::planar)
        return alpha ? 4 : 3;
    return kind == Kind::semiplanar ? 2 : 1;
}

const Layout &layout_of(const vidmpi_picture &picture)
{
    for (const Layout &layout : layouts)
        if (!std::strcmp(layout.format, picture.format))
            return layout;
    CV_Error(cv::Error::StsBadArg, std::string("no pictures in the format ") + picture.format);
}

cv::Mat plane(const vidmpi_picture &picture, int i)
{
    const Layout &layout = layout_of(picture);
    const cv::Rect all = in_plane(layout, i, cv::Rect(0, 0, picture.width, picture.height));
    const int channels = layout.packed() ? 3 : layout.kind == Kind::semiplanar && i == 1 ? 2 : 1;
    return {all.height, all.width, CV_8UC(channels), picture.data[i], size_t(picture.stride[i])};
}

cv::Rect in_plane(const Layout &layout, int i, const cv::Rect &pixels)
{
    if (!layout.is_chroma(i))
        return pixels;
    const int x = pixels.x >> layout.log2_x, y = pixels.y >> layout.log2_y;
    return {x, y, shifted_up(pixels.x + pixels.width, layout.log2_x) - x,
            shifted_up(pixels.y + pixels.height, layout.log2_y) - y};
}

cv::Rect on_grid(const vidmpi_picture &picture, const cv::Rect &pixels)
{
    const Layout &layout = layout_of(picture);
    const cv::Point from(pixels.x >> layout.log2_x << layout.log2_x,
                         pixels.y >> layout.log2_y << layout.log2_y);
    const cv::Point to(shifted_up(pixels.x + pixels.width, layout.log2_x) << layout.log2_x,
                       shifted_up(pixels.y + pixels.height, layout.log2_y) << layout.log2_y);
    return cv::Rect(from, to) & cv::Rect(0, 0, picture.width, picture.height);
}

cv::Mat grey(const vidmpi_picture &picture)
{
    const Layout &layout = layout_of(picture);
    if (!layout.packed())
        return plane(picture, 0);
    cv::Mat made;
    cv::cvtColor(plane(picture, 0), made, layout.kind == Kind::rgb ? cv::COLOR_RGB2GRAY : cv::COLOR_BGR2GRAY);
    return made;
}

void show_grey(vidmpi_picture &picture, const cv::Mat &map)
{
    const Layout &layout = layout_of(picture);
    cv::Mat first = plane(picture, 0);
    if (layout.packed()) {
        cv::cvtColor(map, first, cv::COLOR_GRAY2BGR);
        return;
    }
    map.copyTo(first);
    for (int i = 1; i < layout.count(); i++)
        if (layout.is_chroma(i))
            plane(picture, i).setTo(cv::Scalar::all(128));
}

} // namespace planes
