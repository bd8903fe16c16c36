"""The parts of the effect runner: limits, threads, heartbeats, reports. `edge.effect_runner` puts them together."""
