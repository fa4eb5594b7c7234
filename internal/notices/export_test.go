package notices

// Later and Held are what the tests reckon with.
var Later = later

const Held = held
