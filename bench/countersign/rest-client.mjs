import { Agent, request } from 'node:http';

const CONNECTIONS = 32;

/** A client of the REST API over connections that stay open. */
export class RestClient {
  constructor(address, key) {
    this.agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    this.address = new URL(address);
    this.authorization = `Bearer ${key}`;
  }

  /** Posts JSON and gives the answer; anything but a success is an error. */
  async post(path, body) {
    const text = JSON.stringify(body);
    const { status, answer } = await this.send(path, text);
    if (status < 200 || status > 299) throw new Error(`${path}: ${status} ${answer}`);
    return JSON.parse(answer);
  }

  close() {
    this.agent.destroy();
  }

  send(path, text) {
    return new Promise((settle, reject) => {
      const sent = request(
        {
          agent: this.agent,
          hostname: this.address.hostname,
          port: this.address.port,
          path,
          method: 'POST',
          headers: {
            authorization: this.authorization,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
          },
        },
        (response) => {
          let answer = '';
          response.setEncoding('utf8');
          response.on('data', (chunk) => (answer += chunk));
          response.once('end', () => settle({ status: response.statusCode, answer }));
          response.once('error', reject);
        },
      );
      sent.once('error', reject);
      sent.end(text);
    });
  }
}
