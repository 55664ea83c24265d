"""Which rule of many workers is noticed by which seed of the simulator, once it is switched off."""
