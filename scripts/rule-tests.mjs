// Which test shows which rule: the spec beside a rule, `*.rule.spec.ts`, describes it by its id.
import { globSync, readFileSync } from 'node:fs';

/** @returns {Record<string, string>} path of the spec by the id of its rule */
export function findRuleTests() {
  const paths = globSync('src/compliance/**/*.rule.spec.ts').map((path) => path.replaceAll('\\', '/'));
  return Object.fromEntries(
    paths.toSorted().flatMap((path) => {
      const id = /^describe\('([^']+)'/m.exec(readFileSync(path, 'utf8'))?.[1];
      return id === undefined ? [] : [[id, path]];
    }),
  );
}
