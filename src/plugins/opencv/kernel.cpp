#include "plugins/opencv/kernel.hpp"

namespace kernel
{

void gaussian(const cv::Mat &from, cv::Mat &to, int size, double sigma, int step_x, int step_y, int border)
{
    const cv::Size scaled_size(scaled(size, step_x), scaled(size, step_y));
    /* OpenCV's own formula, of the size in luma. There it is left to OpenCV, which has tables for small
     * kernels. */
    const double full = sigma > 0 ? sigma : 0.3 * ((size - 1) * 0.5 - 1) + 0.8;
    const bool luma = step_x == 1 && step_y == 1;
    cv::GaussianBlur(from, to, scaled_size, luma ? sigma : full / step_x, luma ? sigma : full / step_y,
                     border);
}

} // namespace kernel
