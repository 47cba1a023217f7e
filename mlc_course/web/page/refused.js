// An image that isn't looked at. The message goes on after the file's name.

export class Refused extends Error {
  constructor(why, whole = false) {
    super(whole ? why : `${why}, and try once more.`);
  }
}
