// Package wholefile writes files that a reader finds complete or not at all,
// whatever happens meanwhile: a full disk, a power cut, a kill, another writer.
//
// Content is written to a temporary file in the same folder, flushed, and then
// put under its name in one step; the folder is flushed after that. A process
// that is killed may leave its temporary file, whose name begins with a dot;
// RemoveTemporary deletes those.
package wholefile
