/* kernel: smoothing kernels, whose sides are odd, in luma and in planes that are smaller. */
#ifndef VID_PLUGINS_OPENCV_KERNEL_HPP
#define VID_PLUGINS_OPENCV_KERNEL_HPP

#include <opencv2/imgproc.hpp>

namespace kernel
{

/* An even one is raised by one. */
constexpr void make_odd(int &size)
{
    size |= 1;
}

/* The odd kernel that reaches at least as far in a plane in which a sample stands for `step` pixels. */
constexpr int scaled(int size, int step)
{
    return 2 * ((size / 2 + step - 1) / step) + 1;
}

/* cv::GaussianBlur by a kernel of `size` luma pixels and `sigma`, 0: the one that OpenCV takes for that size.
 * `from` may be `to`. */
void gaussian(const cv::Mat &from, cv::Mat &to, int size, double sigma, int step_x, int step_y,
              int border = cv::BORDER_DEFAULT);

} // namespace kernel

#endif
