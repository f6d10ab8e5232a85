package factor

// Match is match.
var Match = match
