// Package wholefile writes files that readers find either complete or not at all, even
// after a full disk, a power cut, a kill, or with another writer.
//
// Content is written to a temporary file in the same folder and flushed. Then the file is
// renamed or linked to its name in one step, and the folder is flushed. A killed process
// may leave its temporary file, whose name begins with a dot; RemoveTemporary deletes those.
package wholefile
