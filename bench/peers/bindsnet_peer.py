#!/usr/bin/env python3
"""Times BindsNET's own DiehlAndCook2015 network on CPU, one thread. Prints a JSON line.

    bindsnet_peer.py --data DIR --neurons 400 --images 10 --dt 0.5

The clocks run around encoding and Network.run. Importing, building the network and the first images are not
counted. The network is BindsNET's; layers, thresholds, refractory periods, adaptive threshold, learning
rates, rates of input, and 350 ms with input and 150 ms without are as in clsnn.

Different:
  neurons     no conductances: a spike adds its weight to the membrane (exc to inh 22.5 mV, inh to exc
              -17.5 mV, BindsNET's constants), without reversal potentials or a lower bound. Decay is exact
              instead of Euler's. The excitatory reset is -60 mV.
  spikes      one excitatory neuron a step at most. Others that reach their threshold are reset, and their
              thresholds grow.
  inputs      intervals between spikes are drawn from a Poisson distribution, so spikes are nearly regular
  learning    PostPre: pairs of spikes instead of triplets
  rescaling   to 78 after every run: twice an image
  step        --dt 0.5 is clsnn's; --dt 1 is BindsNET's default and halves the work
  retries     none
"""
import json
import sys

import common as c

INSTALL = "python3 -m venv DIR && DIR/bin/pip install bindsnet; then PEERS_PYTHON=DIR/bin/python"


def main():
    p = c.parser(__doc__, images=10, warmup=2)
    p.add_argument("--dt", type=float, choices=(0.5, 1.0), default=0.5, help="ms a step (0.5)")
    args = p.parse_args()
    torch = c.need("torch", INSTALL)
    c.need("bindsnet", INSTALL)
    versions = c.about("BindsNET", "bindsnet", "torch", "numpy")
    if args.probe:
        print(json.dumps(versions))
        return 0
    from bindsnet.encoding import poisson
    from bindsnet.models import DiehlAndCook2015
    from bindsnet.network.monitors import Monitor

    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    images = c.read_images(args.data, args.warmup + args.images)
    rates = torch.tensor(c.rates_hz(images), dtype=torch.float32)
    network = DiehlAndCook2015(c.N_PRE, n_neurons=args.neurons, dt=args.dt, norm=c.NORM)
    rest = torch.zeros(int(c.OFF_MS / args.dt), c.N_PRE)

    def present(image_rates):
        network.run({"X": poisson(image_rates, time=int(c.ON_MS), dt=args.dt)}, time=int(c.ON_MS))
        network.run({"X": rest.clone()}, time=int(c.OFF_MS))

    with torch.no_grad():
        for image in rates[:args.warmup]:
            present(image)
        wall, cpu = c.time_images(present, rates[args.warmup:])
        # A monitor would slow the timed images: it counts the spikes of the last image, shown once more.
        monitor = Monitor(network.layers["Ae"], ["s"])
        network.add_monitor(monitor, "spikes")
        present(rates[-1])
        spikes = int(monitor.get("s").sum())
    c.print_row(versions, f"dt {args.dt:g} ms", args.neurons, args.images, wall, cpu, spikes,
                c.input_spikes_per_image(images[args.warmup:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
