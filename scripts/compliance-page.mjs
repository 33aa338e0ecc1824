// The page that shows what is checked where, and by which test.
import { GENERATED, table } from './page-parts.mjs';

/**
 * @typedef {{ id: string, tier: string, entering: readonly string[], fills?: readonly string[], holds: string }} Rule
 * @typedef {object} Compliance
 * @property {Readonly<Record<string, { checks: readonly string[], gate: string }>>} Compliance.matrix
 * @property {readonly Rule[]} Compliance.rules
 * @property {Readonly<Record<string, string>>} Compliance.tests path by the id of the rule
 */

/** @param {Compliance} compliance */
export function compliancePage({ matrix, rules, tests }) {
  const shownBy = ({ id }) => (tests[id] ? `[${tests[id].split('/').at(-1)}](../${tests[id]})` : '**none**');
  const cells = Object.entries(matrix).map(([phase, { checks, gate }]) => {
    const rows = [...checks.map((name) => [name, 'check']), [gate, 'gate']].flatMap(([name, role]) => {
      const filling = rules.filter(({ fills }) => fills?.includes(`${phase}: ${name}`));
      if (filling.length === 0) return [[name, role, '**none**', '', '', '']];
      return filling.map((rule) => [name, role, `\`${rule.id}\``, rule.tier, rule.holds, shownBy(rule)]);
    });
    const head = ['Cell', 'Role', 'Rule', 'Tier', 'What holds', 'Shown by'];
    return `## ${phase}\n\n${table(head, rows)}`;
  });
  const all = rules.map((rule) => [
    `\`${rule.id}\``,
    rule.tier,
    rule.entering.join(', '),
    rule.holds,
    shownBy(rule),
  ]);
  return `${COMPLIANCE_INTRODUCTION}
${cells.join('\n\n')}

## Every rule

In the order in which the gate asks them.

${table(['Rule', 'Tier', 'On the way into', 'What holds', 'Shown by'], all)}
`;
}

const COMPLIANCE_INTRODUCTION = `# The compliance matrix

${GENERATED}

What is checked in which phase of a run, by which rule, in which tier, and the test that shows that the rule denies. A
phase has two checks and a gate; a rule guards the way into a phase or the way on from it. How checks, gate and refusal
work together stands in [compliance.md](compliance.md). A test of the repository fails when a cell is empty or a rule
has no test of its own.
`;
