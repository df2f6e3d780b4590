/* Apart from the chain itself, so that a worker needs no sink. */
#include "media/internal.h"

int chain_spec_create(const struct media_options *options, const struct media_source *source,
                      const struct media_sink *sink, struct chain_spec **out, struct vid_error *err)
{
    const struct sink_wish *wish = sink_wish(sink);

    *out = NULL;
    if (!wish)
        return vid_fail(err, -EINVAL, "the output has no video stream that is filtered");
    return chain_spec_build(options, source, wish, out, err);
}
