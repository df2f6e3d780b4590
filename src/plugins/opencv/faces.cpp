/* faces: finds faces in the grey picture by a Haar cascade and frames or blurs them. */
#include "plugins/opencv/kernel.hpp"
#include "plugins/opencv/paint.hpp"
#include "plugins/opencv/planes.hpp"
#include "plugins/opencv/shim.hpp"

#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace
{

struct Options {
    uint8_t color[4];
    int thickness, detect_eyes, blur_instead, blur_factor, neighbors, min_size;
    double scale;
    const char *cascade, *eye_cascade;
};

const vidmpi_option options[] = {
    shim::flag("blur_instead", "blur the faces instead of framing them", offsetof(Options, blur_instead),
               "0"),
    shim::number("blur_factor", "side of the gaussian kernel that blurs, in luma pixels, odd", VIDMPI_INT,
                 offsetof(Options, blur_factor), "50", 1, 999),
    shim::text("color", "of the boxes", VIDMPI_COLOR, offsetof(Options, color), "0x00ff00"),
    shim::number("thickness", "of the boxes' lines, in pixels", VIDMPI_INT, offsetof(Options, thickness), "2",
                 1, 1000),
    shim::flag("detect_eyes", "look for eyes in each face, too", offsetof(Options, detect_eyes), "0"),
    shim::number("scale", "between two sizes that are looked for", VIDMPI_DOUBLE, offsetof(Options, scale),
                 "1.1", 1.01, 10),
    shim::number("neighbors", "finds that make a face", VIDMPI_INT, offsetof(Options, neighbors), "5", 0,
                 1000),
    shim::number("min_size", "of a face, in pixels", VIDMPI_INT, offsetof(Options, min_size), "30", 1, 10000),
    shim::text("cascade", "file of the face cascade (else of opencv-data)", VIDMPI_FILE,
               offsetof(Options, cascade), ""),
    shim::text("eye_cascade", "file of the eye cascade (else of opencv-data)", VIDMPI_FILE,
               offsetof(Options, eye_cascade), ""),
    {},
};

struct State {
    cv::CascadeClassifier faces, eyes;
};

/* Where opencv-data has its cascades; $VIDMPI_CASCADES stands for all of them. */
const char *const folders[] = {"/usr/share/opencv4/haarcascades", "/usr/local/share/opencv4/haarcascades",
                               "/usr/share/opencv/haarcascades"};

std::string cascade_path(const char *asked, const char *usual)
{
    if (*asked)
        return asked;
    const std::string file = std::string("/") + usual;
    if (const char *own = std::getenv("VIDMPI_CASCADES"))
        return own + file;
    for (const char *folder : folders)
        if (!access((folder + file).c_str(), R_OK))
            return folder + file;
    return folders[0] + file;
}

std::string face_path(const Options &o)
{
    return cascade_path(o.cascade, "haarcascade_frontalface_default.xml");
}

std::string eye_path(const Options &o)
{
    return cascade_path(o.eye_cascade, "haarcascade_eye.xml");
}

int refuse(vidmpi_call *call, const std::string &path, const char *option, const char *why)
{
    const std::string sentence = "the cascade " + path + " " + why +
                                 ": install the package opencv-data, or name a file with " + option + "=";
    return call->fail(call, sentence.c_str());
}

/* Whether it is there is asked before the first frame, on rank 0. */
int context(void *at, unsigned *, unsigned *, vidmpi_call *call)
{
    return shim::guarded(call, [&] {
        auto &o = *static_cast<Options *>(at);
        kernel::make_odd(o.blur_factor);
        if (access(face_path(o).c_str(), R_OK))
            return refuse(call, face_path(o), "cascade", "cannot be read");
        if (o.detect_eyes && access(eye_path(o).c_str(), R_OK))
            return refuse(call, eye_path(o), "eye_cascade", "cannot be read");
        return 0;
    });
}

bool load(cv::CascadeClassifier &cascade, const std::string &path)
{
    try {
        return cascade.load(path);
    } catch (const cv::Exception &) { /* not XML */
        return false;
    }
}

int init(const void *at, const vidmpi_picture *, void **state, vidmpi_call *call)
{
    return shim::guarded(call, [&] {
        const auto &o = *static_cast<const Options *>(at);
        auto made = std::make_unique<State>();
        if (!load(made->faces, face_path(o)))
            return refuse(call, face_path(o), "cascade", "cannot be loaded");
        if (o.detect_eyes && !load(made->eyes, eye_path(o)))
            return refuse(call, eye_path(o), "eye_cascade", "cannot be loaded");
        *state = made.release();
        return 0;
    });
}

void free_state(void *state)
{
    delete static_cast<State *>(state);
}

std::vector<cv::Rect> find_faces(State &state, const Options &o, const cv::Mat &grey)
{
    std::vector<cv::Rect> found;
    state.faces.detectMultiScale(grey, found, o.scale, o.neighbors, 0, cv::Size(o.min_size, o.min_size));
    paint::sort(found);
    return found;
}

/* With OpenCV's own defaults, in each face by itself. */
std::vector<cv::Rect> find_eyes(State &state, const cv::Mat &grey, const std::vector<cv::Rect> &faces)
{
    std::vector<cv::Rect> all, found;
    for (const cv::Rect &face : faces) {
        const cv::Rect inside = face & cv::Rect(cv::Point(), grey.size());
        state.eyes.detectMultiScale(grey(inside), found);
        paint::sort(found);
        for (const cv::Rect &eye : found)
            all.push_back(eye + inside.tl());
    }
    return all;
}

/* Of nothing but the face: what lies around it does not come in. */
void blur_face(const Options &o, vidmpi_picture &out, const cv::Rect &face)
{
    const planes::Layout &layout = planes::layout_of(out);
    const cv::Rect box = planes::on_grid(out, face);
    for (int i = 0; i < layout.count(); i++) {
        if (layout.is_alpha(i))
            continue;
        const bool small = layout.is_chroma(i);
        cv::Mat area = planes::plane(out, i)(planes::in_plane(layout, i, box));
        kernel::gaussian(area, area, o.blur_factor, 0, small ? layout.step_x() : 1,
                         small ? layout.step_y() : 1, cv::BORDER_DEFAULT | cv::BORDER_ISOLATED);
    }
}

void mark(const Options &o, vidmpi_picture &out, const std::vector<cv::Rect> &faces,
          const std::vector<cv::Rect> &eyes)
{
    if (o.blur_instead) {
        for (const cv::Rect &face : faces)
            blur_face(o, out, face);
        return;
    }
    paint::Brush brush(out, o.color);
    for (const cv::Rect &face : faces)
        brush.box(face, o.thickness);
    for (const cv::Rect &eye : eyes)
        brush.box(eye, o.thickness);
}

int process(void *at, const void *options_at, const vidmpi_window *window, vidmpi_picture *out,
            vidmpi_call *call)
{
    return shim::guarded(call, [&] {
        const auto &o = *static_cast<const Options *>(options_at);
        auto &state = *static_cast<State *>(at);
        const cv::Mat grey = planes::grey(*window->pictures[window->before]);
        const std::vector<cv::Rect> faces = find_faces(state, o, grey);
        std::vector<cv::Rect> eyes;
        if (o.detect_eyes) {
            eyes = find_eyes(state, grey, faces);
            call->stat(call, "eyes", paint::text(eyes).c_str());
        }
        call->stat(call, "count", std::to_string(faces.size()).c_str());
        call->stat(call, "boxes", paint::text(faces).c_str());
        mark(o, *out, faces, eyes);
        return 0;
    });
}

} // namespace

const vidmpi_filter faces_filter =
    shim::filter<Options>("faces", "Find faces with OpenCV and frame or blur them.", options, context,
                          process, 0, init, free_state);
