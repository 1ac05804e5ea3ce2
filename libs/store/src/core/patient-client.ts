import { Client, type ClientConfig } from 'pg';

/**
 * Connection whose errors cannot end the process. When the pool lends a connection, it removes its
 * listener, and TypeORM adds one a moment later. Without a listener an error in between, such as
 * the end of the session by the server, ends the process.
 */
export class PatientClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    // Queries fail by themselves, and the pool drops the connection.
    this.on('error', () => undefined);
  }
}
