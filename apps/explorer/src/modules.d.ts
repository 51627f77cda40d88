declare module 'longstate-wasm' {
  const load: () => Promise<any>;
  export default load;
}
declare module '*.csv?raw' {
  const text: string;
  export default text;
}
declare module '*.wav?inline' {
  const url: string;
  export default url;
}
declare module '*.css';
