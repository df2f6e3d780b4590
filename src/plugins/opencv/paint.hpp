/* paint: coloured marks in a picture, straight into its planes. May throw cv::Exception. */
#ifndef VID_PLUGINS_OPENCV_PAINT_HPP
#define VID_PLUGINS_OPENCV_PAINT_HPP

#include "media/filter.h"

#include <opencv2/core.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace paint
{

/* One colour, R G B A, for marks on a picture that outlives the brush. Where the picture tells no matrix it
 * is BT.709 from 1280 pixels of width or 577 lines, else BT.601: what players take. */
class Brush
{
  public:
    Brush(vidmpi_picture &on, const uint8_t rgba[4]);

    /* The outline of a box, `thickness` pixels to the inside. Box and thickness grow to the chroma grid. */
    void box(const cv::Rect &pixels, int thickness);

    /* All pixels where `mask`, of the picture's size, is not 0. */
    void through(const cv::Mat &mask);

  private:
    void fill(const cv::Rect &pixels);

    vidmpi_picture &picture;
    double alpha;          /* 0 to 1 */
    cv::Scalar samples[4]; /* of each plane */
};

/* Makes `picture` show `bgr`, 8 bits and of its size. Alpha stays. */
void show_bgr(vidmpi_picture &picture, const cv::Mat &bgr);

/* As JSON: [[x,y,width,height],...]. */
std::string text(const std::vector<cv::Rect> &boxes);

/* From top to bottom and left to right, whatever order they were found in. */
void sort(std::vector<cv::Rect> &boxes);

} // namespace paint

#endif
