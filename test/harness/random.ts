export { SeededRandom } from '../../src/cli/chaos/seeded-random.js';
