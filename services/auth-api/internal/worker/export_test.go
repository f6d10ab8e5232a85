package worker

// Resting are the process ids of those that have nothing to do.
func (c *Crew) Resting() (ids []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.resting {
		ids = append(ids, p.cmd.Process.Pid)
	}
	return ids
}
