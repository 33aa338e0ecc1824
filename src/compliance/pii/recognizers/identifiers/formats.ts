import { EAST_ASIA } from './formats/east-asia.js';
import { EAST_EUROPE } from './formats/east-europe.js';
import { GERMANY } from './formats/germany.js';
import { LATIN_AMERICA } from './formats/latin-america.js';
import { MIDDLE_EAST_AFRICA } from './formats/middle-east-africa.js';
import { NORDIC_COUNTRIES } from './formats/nordic.js';
import { OCEANIA } from './formats/oceania.js';
import { ROMANCE_EUROPE } from './formats/romance-europe.js';
import { SOUTH_ASIA } from './formats/south-asia.js';
import { SOUTH_EAST_ASIA } from './formats/south-east-asia.js';
import { UNITED_KINGDOM } from './formats/united-kingdom.js';
import { UNITED_STATES } from './formats/united-states.js';
import { WEST_EUROPE } from './formats/west-europe.js';
import type { IdentifierFormat } from './identifier-format.js';

/** Every format of an identifier. A new country is a file and a line here. */
export const FORMATS: readonly IdentifierFormat[] = [
  ...UNITED_STATES,
  ...UNITED_KINGDOM,
  ...GERMANY,
  ...ROMANCE_EUROPE,
  ...NORDIC_COUNTRIES,
  ...WEST_EUROPE,
  ...EAST_EUROPE,
  ...LATIN_AMERICA,
  ...OCEANIA,
  ...SOUTH_ASIA,
  ...EAST_ASIA,
  ...SOUTH_EAST_ASIA,
  ...MIDDLE_EAST_AFRICA,
];
