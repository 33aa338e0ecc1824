/** Sends to another process what comes together in one turn of the event loop as one message. */
export class Mailbox {
  constructor(send) {
    this.send = send;
    this.waiting = {};
    this.isScheduled = false;
  }

  put(kind, key) {
    (this.waiting[kind] ??= []).push(key);
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      const message = this.waiting;
      this.waiting = {};
      this.isScheduled = false;
      this.send(message);
    });
  }
}
