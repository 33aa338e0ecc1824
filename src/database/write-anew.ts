/** SQLSTATE of a statement that met somebody else's keys: made anew it goes through. */
const SERIALIZATION_FAILURE = '40001';
/** Each time somebody else has written, so of many at once one is through each time. */
const MAX_TRIES = 10;

/** Writes until nobody else's keys are met. What is repeated must read anew what stands there, in a new transaction. */
export async function writeAnew<T>(write: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if ((error as { code?: string }).code !== SERIALIZATION_FAILURE || tries >= MAX_TRIES) throw error;
    }
  }
}
