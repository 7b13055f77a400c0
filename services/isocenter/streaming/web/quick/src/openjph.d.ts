declare module '@cornerstonejs/codec-openjph' {
  const start: (options: { locateFile: () => string }) => Promise<unknown>;
  export default start;
}
