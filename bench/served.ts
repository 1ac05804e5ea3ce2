/**
 * A service in a process of its own, for benchmarks: named by the argument, ends when the parent
 * disconnects.
 */
const { start } = (await import(`@tidewaiter/${process.argv[2]}`)) as {
  start(environment: NodeJS.ProcessEnv): Promise<{ url: string; stop(): Promise<void> }>;
};
const service = await start(process.env);
process.once('disconnect', () => void service.stop());
process.send?.(service.url);

export {};
