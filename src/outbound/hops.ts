/** Tells a receiver that may lead back to us how many of our own actions lie behind a request. */
export const hopsHeader = 'tocsin-hops';

/** An action may set off an event that sets off an action, and so on: after so many of them no further one is sent. */
export const mostHops = 3;
