package worker

// Free returns the process ids of the workers that are not hashing.
func (p *Pool) Free() (ids []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, worker := range p.free {
		ids = append(ids, worker.cmd.Process.Pid)
	}
	return ids
}
