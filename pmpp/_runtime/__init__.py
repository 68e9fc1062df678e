"""What every module of the library shares: the device, arrays, streams, argument checks, errors."""
