// A process of the product that seals, until whoever started it lets go.
import { openRooms } from './rooms.mjs';

const rooms = await openRooms(process.env, 'worker');
process.once('disconnect', () => void rooms.close().then(() => process.exit()));
process.send('ready');
