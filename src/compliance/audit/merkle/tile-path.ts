import { TILE_WIDTH, type TilePlace } from './tiles.js';

/** A tile as a URL names it; `width` below 256 names a partial one. */
export interface NamedTile extends TilePlace {
  readonly width: number;
}

const PATH = /^(\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/**
 * Reads `<level>/<index>[.p/<width>]` as C2SP tlog-tiles writes it: the index in groups of three digits, all but the
 * last with an `x` before them.
 *
 * @returns undefined for what is no such path.
 */
export function parseTilePath(path: string): NamedTile | undefined {
  const [, levelText = '', groups = '', widthText] = PATH.exec(path) ?? [];
  if (groups === '') return undefined;
  const level = Number(levelText);
  const index = Number(groups.replaceAll(/[x/]/g, ''));
  const width = widthText === undefined ? TILE_WIDTH : Number(widthText);
  const named = { level, index, width };
  // One spelling for each tile: no leading zeros, no partial tile of full width.
  return level <= 63 && Number.isSafeInteger(index) && tilePath(named) === path ? named : undefined;
}

/** The path of a tile below the prefix of a log. */
export function tilePath({ level, index, width }: NamedTile): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) as string[];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}
