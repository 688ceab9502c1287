"""The sections of the benchmarks, a module each: run(options, scratch, results)."""
