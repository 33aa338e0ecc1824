/** The value below which this share of the values lies (nearest rank); NaN of nothing. */
export function percentile(values, share) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function median(values) {
  return percentile(values, 0.5);
}

/** The rounds of one system as one row: medians of the rounds, percentiles over all samples of all rounds. */
export function summarise(system, rounds) {
  const over = (read) => median(rounds.map(read));
  const all = (read) => rounds.flatMap((round) => read(round) ?? []);
  return {
    name: system.name,
    label: system.label,
    runsPerSecond: over((round) => round.runsPerSecond),
    runsPerSecondOfRounds: rounds.map((round) => round.runsPerSecond),
    loneP50Ms: percentile(
      all((round) => round.loneMs),
      0.5,
    ),
    loneP95Ms: percentile(
      all((round) => round.loneMs),
      0.95,
    ),
    approveToNextStepP50Ms: percentile(
      all((round) => round.wentOnAfterMs),
      0.5,
    ),
    startP95Ms: percentile(
      all((round) => round.startMs),
      0.95,
    ),
    writesPerRun: over((round) => round.writesPerRun),
    walKbPerRun: over((round) => round.walKbPerRun),
    cpuMsPerRun: {
      load: over((round) => round.cpuMsPerRun.load),
      worker: over((round) => round.cpuMsPerRun.worker),
      store: over((round) => round.cpuMsPerRun.store),
    },
  };
}

/** The rounds of one way to write the bare rows, in medians. */
export function summariseLimit(rounds) {
  const over = (read) => median(rounds.map(read));
  return {
    connections: rounds[0].connections,
    commitMs: over((round) => round.commitMs),
    runsPerSecond: over((round) => round.runsPerSecond),
  };
}
