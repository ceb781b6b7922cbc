"""danas' MobileNetV2 in PyTorch and in TensorFlow, and one step of each.

A network is that of src/nn/mobilenet_v2.cpp at width 1: the table of stages below, channels divisible by 8, batch
normalization (epsilon 1e-3) and ReLU6 as there. In training it has a head per exit, after stage 2 and each later one;
those before the last see features whose gradient is stopped. In evaluation, batch normalization is folded into filters
and biases, as in danas.

torch_step() and tensorflow_step() return (step, macs): step() trains or evaluates one batch that is in memory already,
macs are the multiply-adds of one image on the way to the last head.
"""

CLASSES = 2
STEM, LAST = 32, 1280
STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
FIRST_EXIT = 2
EPSILON = 1e-3


def divisible(value):
    rounded = max(8, int(value + 4 + 1e-9) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


def trunk(color):
    """Stem, blocks and last convolution: (stage, kind, in, expanded, out, stride)."""
    width = 1 if color == "rgb" else 1 / 3
    channels = divisible(STEM * width)
    layers = [(0, "stem", 3 if color == "rgb" else 1, 0, channels, 2)]
    for stage, (expansion, out, blocks, stride) in enumerate(STAGES, 1):
        out = divisible(int(out * width))
        for block in range(blocks):
            layers.append((stage, "block", channels, channels * expansion, out, 1 if block else stride))
            channels = out
    layers.append((len(STAGES), "last", channels, 0, LAST, 1))
    return layers


def exits(layers):
    """Indices of the layers after which there is a head."""
    ends = [i for i in range(len(layers)) if i + 1 == len(layers) or layers[i + 1][0] != layers[i][0]]
    return [i for i in ends if layers[i][0] >= FIRST_EXIT]


def torch_network(color, training):
    import torch
    from torch import nn

    def unit(inputs, outputs, kernel, stride, groups=1, activation=True):
        parts = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=not training)]
        if training:
            parts.append(nn.BatchNorm2d(outputs, eps=EPSILON, momentum=0.01))
        if activation:
            parts.append(nn.ReLU6(inplace=True))
        return nn.Sequential(*parts)

    class Block(nn.Module):
        def __init__(self, inputs, expanded, outputs, stride):
            super().__init__()
            expand = [unit(inputs, expanded, 1, 1)] if expanded != inputs else []
            self.body = nn.Sequential(*expand, unit(expanded, expanded, 3, stride, groups=expanded),
                                      unit(expanded, outputs, 1, 1, activation=False))
            self.residual = stride == 1 and inputs == outputs

        def forward(self, x):
            return x + self.body(x) if self.residual else self.body(x)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            layers = trunk(color)
            make = {"stem": lambda inputs, _, outputs, stride: unit(inputs, outputs, 3, stride), "block": Block,
                    "last": lambda inputs, _, outputs, stride: unit(inputs, outputs, 1, stride)}
            self.layers = nn.ModuleList(make[kind](*shape) for _, kind, *shape in layers)
            self.exits = exits(layers) if training else exits(layers)[-1:]
            self.heads = nn.ModuleList(nn.Linear(layers[i][4], CLASSES) for i in self.exits)

        def forward(self, x):
            logits = []
            for i, layer in enumerate(self.layers):
                x = layer(x)
                if i in self.exits:
                    features = x if i == self.exits[-1] else x.detach()
                    logits.append(self.heads[len(logits)](features.mean((2, 3))))
            return logits

    return Network().train(training)


def torch_macs(network, images):
    import torch
    macs = 0

    def count(module, _, output):
        nonlocal macs
        if isinstance(module, torch.nn.Conv2d):
            macs += output[0].numel() * module.weight[0].numel()
        elif module is network.heads[-1]:
            macs += module.weight.numel()

    hooks = [module.register_forward_hook(count) for module in network.modules()]
    with torch.no_grad():
        network(images)
    for hook in hooks:
        hook.remove()
    return macs


def torch_step(row, threads, mode):
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    training = row["mode"] == "train"
    network = torch_network(row["color"], training)
    images = torch.rand(row["batch"], 3 if row["color"] == "rgb" else 1, row["resolution"], row["resolution"]) * 2 - 1
    labels = torch.randint(CLASSES, (row["batch"],))
    macs = torch_macs(network, images[:2])
    if mode != "eager":
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    run = torch.compile(network) if mode == "compile" else network
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-7, fused=True)

    def train():
        optimizer.zero_grad(set_to_none=True)
        sum(torch.nn.functional.cross_entropy(logits, labels) for logits in run(images)).backward()
        optimizer.step()

    def evaluate():
        with torch.inference_mode():
            run(images)

    return (train if training else evaluate), macs


def tensorflow_network(color, resolution, training):
    import tensorflow as tf
    keras = tf.keras

    def unit(x, layer, activation=True):
        x = layer(x)
        if training:
            x = keras.layers.BatchNormalization(epsilon=EPSILON, momentum=0.99)(x)
        return keras.layers.ReLU(6.0)(x) if activation else x

    def convolution(outputs, kernel, stride):
        return keras.layers.Conv2D(outputs, kernel, stride, padding="same", use_bias=not training)

    def block(x, inputs, expanded, outputs, stride):
        y = unit(x, convolution(expanded, 1, 1)) if expanded != inputs else x
        y = unit(y, keras.layers.DepthwiseConv2D(3, stride, padding="same", use_bias=not training))
        y = unit(y, convolution(outputs, 1, 1), activation=False)
        return keras.layers.Add()([x, y]) if stride == 1 and inputs == outputs else y

    layers = trunk(color)
    heads = exits(layers) if training else exits(layers)[-1:]
    images = keras.Input((resolution, resolution, layers[0][2]))
    x, logits = images, []
    for i, (_, kind, inputs, expanded, outputs, stride) in enumerate(layers):
        if kind == "block":
            x = block(x, inputs, expanded, outputs, stride)
        else:
            x = unit(x, convolution(outputs, 3 if kind == "stem" else 1, stride))
        if i in heads:
            features = keras.layers.GlobalAveragePooling2D()(x)
            if i != heads[-1]:
                features = keras.layers.Lambda(tf.stop_gradient)(features)
            logits.append(keras.layers.Dense(CLASSES)(features))
    return keras.Model(images, logits)


def tensorflow_macs(network):
    macs = 0
    for layer in network.layers:
        kernel = layer.weights[0].shape if layer.weights else ()
        if len(kernel) == 4:  # a depthwise kernel's last extent is 1
            macs += layer.output.shape[1] * layer.output.shape[2] * kernel[0] * kernel[1] * kernel[2] * kernel[3]
    return macs + LAST * CLASSES


def tensorflow_step(row, threads, mode):
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.random.set_seed(1)
    training = row["mode"] == "train"
    network = tensorflow_network(row["color"], row["resolution"], training)
    shape = (row["batch"], row["resolution"], row["resolution"], 3 if row["color"] == "rgb" else 1)
    images = tf.random.uniform(shape, -1, 1)
    labels = tf.random.uniform((row["batch"],), 0, CLASSES, tf.int32)
    optimizer = tf.keras.optimizers.Adam(1e-3, epsilon=1e-7)

    @tf.function(jit_compile=mode == "xla")
    def train():
        with tf.GradientTape() as tape:
            loss = sum(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
                       for logits in network(images, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, network.trainable_variables), network.trainable_variables))
        return loss

    @tf.function(jit_compile=mode == "xla")
    def evaluate():
        return network(images, training=False)

    body = train if training else evaluate

    def step():
        result = body()
        (result[0] if isinstance(result, (list, tuple)) else result).numpy()

    return step, tensorflow_macs(network)


STEPS = {"torch": torch_step, "tensorflow": tensorflow_step}
