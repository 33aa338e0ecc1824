const MISSING = '–';

/** The report as text: what was measured and on what, one row a system, and what only Countersign is asked. */
export function tableOf({ rows, absent, limits, plan, machine, postgres, node }) {
  const ours = rows.find(({ name }) => name === 'countersign');
  return [
    `${machine}; Node ${node}; Postgres ${postgres}, fsync and synchronous_commit on; ` +
      `one small commit takes ${figure(limits[0].commitMs)} ms`,
    `${plan.runs} runs with at most ${plan.inFlight} unfinished, ${plan.lone} runs alone, ` +
      `after ${plan.warmUpSeconds} s of warm-up; medians of ${plan.rounds} round${plan.rounds === 1 ? '' : 's'}`,
    '',
    ...aligned([HEADER, ...rows.map((row) => cellsOf(row, ours))]),
    '',
    ...rows.filter(({ name }) => name === 'countersign').map((row) => oursOf(row, plan)),
    ...limits.map((limit) => limitLine(limit, ours)),
    ...absent.map(({ label, reason }) => `left out: ${label}: ${reason}`),
    '',
  ].join('\n');
}

const HEADER = [
  'system',
  'runs/s',
  'least–most',
  'lone P50 / P95 ms',
  'commits/run',
  'WAL KB/run',
  'CPU ms/run: load / worker / store',
  'ratio',
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

/** Columns as wide as their widest cell, names to the left and figures to the right, a line under the first row. */
function aligned(cells) {
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const [header, ...rest] = cells.map((line) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  '),
  );
  return [header, '-'.repeat(header.length), ...rest];
}

function oursOf(row, { starts }) {
  return (
    `${row.label}: approval sent → next step begins, P50 ${figure(row.approveToNextStepP50Ms)} ms; ` +
    `start accepted at ${starts.rate} starts/s, P95 ${figure(row.startP95Ms)} ms`
  );
}

function limitLine({ connections, runsPerSecond }, ours) {
  const form = `limit, bare rows in batches over ${connections} connection${connections === 1 ? '' : 's'}`;
  const share = ours
    ? `; Countersign reaches ${figure((100 * ours.runsPerSecond) / runsPerSecond)} % of it`
    : '';
  return `${form}: ${figure(runsPerSecond)} runs/s${share}`;
}

/** Three digits that mean something. */
function figure(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return MISSING;
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
