const MISSING = '–';

/** The report as text for people: what was measured on, one row a system, then what only Countersign is asked. */
export function tableOf({ rows, absent, limits, plan, machine, postgres, node }) {
  const ours = rows.find(({ name }) => name === 'countersign');
  const cells = [HEADER, ...rows.map((row) => cellsOf(row, ours))];
  const widths = HEADER.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const lines = cells.map((line) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  '),
  );
  return [
    `${machine}; Node ${node}; Postgres ${postgres}, fsync and synchronous_commit on`,
    `${plan.runs} runs with at most ${plan.inFlight} unfinished, ${plan.lone} runs alone, after ${plan.warmUp} to warm up; medians of ${plan.rounds} round${plan.rounds === 1 ? '' : 's'}`,
    '',
    lines[0],
    '-'.repeat(lines[0].length),
    ...lines.slice(1),
    '',
    ...rows.filter(({ name }) => name === 'countersign').flatMap((row) => oursOf(row, plan)),
    ...limits.map((limit) => limitLine(limit, ours)),
    ...absent.map(({ label, reason }) => `left out: ${label}: ${reason}`),
    '',
  ].join('\n');
}

const HEADER = [
  'system',
  'runs/s',
  'of the rounds',
  'lone run P50 / P95 ms',
  'writing transactions',
  'WAL KB',
  'CPU ms load / worker / store',
  'against countersign',
];

function cellsOf(row, ours) {
  const { load, worker, store } = row.cpuMsPerRun;
  const spread = row.runsPerSecondOfRounds;
  return [
    row.label,
    figure(row.runsPerSecond),
    `${figure(Math.min(...spread))}–${figure(Math.max(...spread))}`,
    `${figure(row.loneP50Ms)} / ${figure(row.loneP95Ms)}`,
    figure(row.writesPerRun),
    figure(row.walKbPerRun),
    [load, worker, store].map(figure).join(' / '),
    ours ? `${figure(row.runsPerSecond / ours.runsPerSecond)}×` : MISSING,
  ];
}

function oursOf(row, { starts }) {
  return [
    `${row.label}: approval sent → next step begins, P50 ${figure(row.approveToNextStepP50Ms)} ms; ` +
      `start accepted at ${starts.rate} starts/s, P95 ${figure(row.startP95Ms)} ms`,
  ];
}

function limitLine({ label, runsPerSecond }, ours) {
  const share = ours
    ? `; countersign reaches ${figure((100 * ours.runsPerSecond) / runsPerSecond)} % of it`
    : '';
  return `limit, ${label}: the rows of ${figure(runsPerSecond)} runs/s${share}`;
}

/** Three digits that mean something. */
function figure(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return MISSING;
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
