import { newId } from '../../kernel/ids.js';
import { fillTemplate } from '../definitions/references.js';
import { contentOf } from '../runs/content.js';
import type { Run } from '../runs/run.js';
import type { Content, NewArtifact } from '../runs/run-change.js';
import type { LoadedRun } from './loaded-run.js';

/** Puts together what the phase shows to people, from the outputs of its agents. */
export function makeArtifact(loaded: LoadedRun, run: Run): { content: Content; artifact: NewArtifact } {
  const wanted = loaded.definition.phases[run.phase].artifact;
  if (!wanted) throw new TypeError(`${run.phase} makes no artefact`);
  const content = contentOf(fillTemplate(wanted.content, loaded.scope(run)));
  const artifact = {
    id: newId(),
    kind: wanted.kind,
    name: wanted.name,
    version: (loaded.artifactVersions += 1),
    round: run.round,
    contentHash: content.hash,
  };
  return { content, artifact };
}
