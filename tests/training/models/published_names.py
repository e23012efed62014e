"""Names and shapes of state dicts as timm and torchvision publish them, written from the papers' tables."""

EFFICIENT_B0 = (
    (1, 3, 16, 1),
    (6, 3, 24, 2),
    (6, 5, 40, 2),
    (6, 3, 80, 3),
    (6, 5, 112, 3),
    (6, 5, 192, 4),
    (6, 3, 320, 1),
)
"""Expansion, kernel, channels and repeats of each stage."""
MOBILE_V2 = (
    (1, 3, 16, 1),
    (6, 3, 24, 2),
    (6, 3, 32, 3),
    (6, 3, 64, 4),
    (6, 3, 96, 3),
    (6, 3, 160, 3),
    (6, 3, 320, 1),
)


def norm(name, width):
    of = dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (width,))
    return {f"{name}.{key}": shape for key, shape in {**of, "num_batches_tracked": ()}.items()}


def convolution(name, norm_name, outputs, inputs, kernel=1):
    return {f"{name}.weight": (outputs, inputs, kernel, kernel), **norm(norm_name, outputs)}


def dense(name, outputs, inputs, *rest):
    return {f"{name}.weight": (outputs, inputs, *rest), f"{name}.bias": (outputs,)}


def blocks_of(stages):
    """Stage, number in it, expansion, kernel, inputs and outputs of every block."""
    inputs = 32
    for stage, (expansion, kernel, outputs, repeats) in enumerate(stages):
        for number in range(repeats):
            yield stage, number, expansion, kernel, inputs, outputs
            inputs = outputs


def timm_mobile(stages, *, squeeze=False):
    state = convolution("conv_stem", "bn1", 32, 3, 3)
    for stage, number, expansion, kernel, inputs, outputs in blocks_of(stages):
        at, inner = f"blocks.{stage}.{number}", inputs * expansion
        depthwise, project = ("bn1", ("conv_pw", "bn2")) if expansion == 1 else ("bn2", ("conv_pwl", "bn3"))
        if expansion > 1:
            state |= convolution(f"{at}.conv_pw", f"{at}.bn1", inner, inputs)
        state |= convolution(f"{at}.conv_dw", f"{at}.{depthwise}", inner, 1, kernel)
        if squeeze:
            state |= dense(f"{at}.se.conv_reduce", inputs // 4, inner, 1, 1)
            state |= dense(f"{at}.se.conv_expand", inner, inputs // 4, 1, 1)
        state |= convolution(f"{at}.{project[0]}", f"{at}.{project[1]}", outputs, inner)
    return {**state, **convolution("conv_head", "bn2", 1280, 320), **dense("classifier", 1000, 1280)}


def torchvision_efficientnet(stages):
    state = convolution("features.0.0", "features.0.1", 32, 3, 3)
    for stage, number, expansion, kernel, inputs, outputs in blocks_of(stages):
        at, inner, place = f"features.{stage + 1}.{number}.block", inputs * expansion, 0
        if expansion > 1:
            state |= convolution(f"{at}.0.0", f"{at}.0.1", inner, inputs)
            place = 1
        state |= convolution(f"{at}.{place}.0", f"{at}.{place}.1", inner, 1, kernel)
        state |= dense(f"{at}.{place + 1}.fc1", inputs // 4, inner, 1, 1)
        state |= dense(f"{at}.{place + 1}.fc2", inner, inputs // 4, 1, 1)
        state |= convolution(f"{at}.{place + 2}.0", f"{at}.{place + 2}.1", outputs, inner)
    return {
        **state,
        **convolution("features.8.0", "features.8.1", 1280, 320),
        **dense("classifier.1", 1000, 1280),
    }


def torchvision_mobilenet(stages):
    state = convolution("features.0.0", "features.0.1", 32, 3, 3)
    count = 0
    for count, (_, _, expansion, kernel, inputs, outputs) in enumerate(blocks_of(stages), start=1):
        at, inner, place = f"features.{count}.conv", inputs * expansion, 0
        if expansion > 1:
            state |= convolution(f"{at}.0.0", f"{at}.0.1", inner, inputs)
            place = 1
        state |= convolution(f"{at}.{place}.0", f"{at}.{place}.1", inner, 1, kernel)
        state |= convolution(f"{at}.{place + 1}", f"{at}.{place + 2}", outputs, inner)
    top = f"features.{count + 1}"
    return {**state, **convolution(f"{top}.0", f"{top}.1", 1280, 320), **dense("classifier.1", 1000, 1280)}


def timm_swin(embed, depths, heads):
    state = {**dense("patch_embed.proj", embed, 3, 4, 4), **layer_norm("patch_embed.norm", embed)}
    for stage, (depth, head) in enumerate(zip(depths, heads, strict=True)):
        width = embed * 2**stage
        if stage:
            state[f"layers.{stage}.downsample.reduction.weight"] = (width, 2 * width)
            state |= layer_norm(f"layers.{stage}.downsample.norm", width)
        for number in range(depth):
            at = f"layers.{stage}.blocks.{number}"
            state |= {f"{at}.attn.q_bias": (width,), f"{at}.attn.v_bias": (width,)}
            state |= {f"{at}.attn.qkv.weight": (3 * width, width), f"{at}.attn.logit_scale": (head, 1, 1)}
            state |= dense(f"{at}.attn.cpb_mlp.0", 512, 2) | {f"{at}.attn.cpb_mlp.2.weight": (head, 512)}
            state |= dense(f"{at}.attn.proj", width, width)
            state |= layer_norm(f"{at}.norm1", width) | layer_norm(f"{at}.norm2", width)
            state |= dense(f"{at}.mlp.fc1", 4 * width, width) | dense(f"{at}.mlp.fc2", width, 4 * width)
    return {**state, **layer_norm("norm", width), **dense("head.fc", 1000, width)}


def layer_norm(name, width):
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
