import { wordPattern } from '../context.js';
import type { IdentifierFormat } from './identifier-format.js';

/** A format with its words as one pattern. */
export interface IndexedFormat extends IdentifierFormat {
  readonly pattern: RegExp;
}

/** A group of characters on the way to one or more formats. */
export interface ShapeNode {
  readonly next: Map<string, ShapeNode>;
  readonly formats: IndexedFormat[];
}

/** All formats as a tree of groups, so that a value is compared only with what has its shape. */
export function indexShapes(formats: readonly IdentifierFormat[]): ShapeNode {
  const root = emptyNode();
  for (const format of formats) {
    const indexed = { ...format, pattern: globalWords(format.words) };
    for (const shape of format.shapes.flatMap(spellings)) {
      let node = root;
      for (const group of shape.split('-')) node = childOf(node, group);
      node.formats.push(indexed);
    }
  }
  return root;
}

function globalWords(words: readonly string[]): RegExp {
  const pattern = wordPattern(words);
  return new RegExp(pattern.source, `${pattern.flags}g`);
}

function childOf(node: ShapeNode, group: string): ShapeNode {
  const known = node.next.get(group);
  if (known) return known;
  const child = emptyNode();
  node.next.set(group, child);
  return child;
}

function emptyNode(): ShapeNode {
  return { next: new Map(), formats: [] };
}

/** A shape with each `X` as a digit and as a letter. */
function spellings(shape: string): string[] {
  const at = shape.indexOf('X');
  if (at < 0) return [shape];
  return ['9', 'A'].flatMap((kind) => spellings(shape.slice(0, at) + kind + shape.slice(at + 1)));
}
