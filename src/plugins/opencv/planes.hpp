/* planes: a picture of vidmpi as OpenCV sees it, without a copy. Everything here may throw
 * cv::Exception; guarded() of shim.hpp turns that into a failure. */
#ifndef VID_PLUGINS_OPENCV_PLANES_HPP
#define VID_PLUGINS_OPENCV_PLANES_HPP

#include "media/filter.h"

#include <opencv2/core.hpp>

#include <vector>

namespace planes
{

enum class Kind {
    grey,       /* one plane */
    planar,     /* Y, U, V, and A where `alpha` */
    semiplanar, /* Y, and U and V in turn */
    rgb,        /* one plane of R, G, B in turn */
    bgr,
};

/* How the samples of a pixel format lie, all of 8 bits. */
struct Layout {
    const char *format;
    Kind kind;
    int log2_x, log2_y; /* of the chroma planes, as in libavutil's descriptors */
    bool alpha;
    bool full; /* luma takes 0 to 255, not 16 to 235, unless the picture says otherwise */

    bool packed() const
    {
        return kind == Kind::rgb || kind == Kind::bgr;
    }
    int count() const; /* of planes */
    bool is_alpha(int plane) const
    {
        return kind == Kind::planar && plane == 3;
    }
    bool is_chroma(int plane) const
    {
        return plane > 0 && !is_alpha(plane);
    }
    int step_x() const /* pixels to a chroma sample */
    {
        return 1 << log2_x;
    }
    int step_y() const
    {
        return 1 << log2_y;
    }
};

/* The names of all that there are, for vidmpi_filter.formats. */
extern const char *const *const formats;

const Layout &layout_of(const vidmpi_picture &picture);

/* Plane i in place: what is written there is in the picture. */
cv::Mat plane(const vidmpi_picture &picture, int i);

/* The samples of pixels x, y to x + width, y + height in plane i: the smallest that cover them. */
cv::Rect in_plane(const Layout &layout, int i, const cv::Rect &pixels);

/* The smallest rectangle on the chroma grid around `pixels`, but within the picture. */
cv::Rect on_grid(const vidmpi_picture &picture, const cv::Rect &pixels);

/* The grey picture: luma in place, or what cv::cvtColor makes of RGB. Not to be written to. */
cv::Mat grey(const vidmpi_picture &picture);

/* Makes `picture` show `map`, of one channel and its size: as luma with neutral chroma, or as equal R, G
 * and B. Alpha stays. */
void show_grey(vidmpi_picture &picture, const cv::Mat &map);

/* Calls work(from, to) for each channel of plane i, in place where it has one only. */
template <class Work> void each_channel(const vidmpi_picture &in, const vidmpi_picture &out, int i, Work work)
{
    const cv::Mat from = plane(in, i);
    cv::Mat to = plane(out, i);
    if (from.channels() == 1) {
        work(from, to);
        return;
    }
    std::vector<cv::Mat> before, after(from.channels());
    cv::split(from, before);
    for (size_t c = 0; c < before.size(); c++)
        work(before[c], after[c]);
    cv::merge(after, to);
}

} // namespace planes

#endif
