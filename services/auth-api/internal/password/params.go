package password

import "fmt"

// Params are the costs of argon2id.
type Params struct {
	// MemoryKiB is the memory of one hash, in KiB.
	MemoryKiB uint32
	// Time is the number of passes over that memory.
	Time uint32
	// Threads is the number of lanes, each filled by a goroutine of its own.
	Threads uint8
}

// DefaultParams are what OWASP's Password Storage Cheat Sheet asks for at least
// of argon2id: 19 MiB, two passes, one lane.
func DefaultParams() Params { return Params{MemoryKiB: 19456, Time: 2, Threads: 1} }

// maxParams are the highest costs that a stored hash may ask for. A hash at all three
// takes some seconds and 256 MiB. Without a limit, a forged row could stop the service.
func maxParams() Params { return Params{MemoryKiB: 256 << 10, Time: 10, Threads: 16} }

// validate refuses costs below the default, since settings may only raise
// them, and costs that verification would refuse.
func (p Params) validate() error {
	if least := DefaultParams(); p.MemoryKiB < least.MemoryKiB || p.Time < least.Time || p.Threads < least.Threads {
		return fmt.Errorf("argon2id %v is weaker than the minimum, %v", p, least)
	}
	return p.bounded()
}

// bounded refuses costs that argon2id cannot have (RFC 9106, section 3.1) and
// those above maxParams.
func (p Params) bounded() error {
	most := maxParams()
	if p.Time < 1 || p.Threads < 1 || p.MemoryKiB < 8*uint32(p.Threads) ||
		p.MemoryKiB > most.MemoryKiB || p.Time > most.Time || p.Threads > most.Threads {
		return fmt.Errorf("argon2id %v is out of bounds, at most %v", p, most)
	}
	return nil
}

// setup is how many times what a hash costs besides its passes is in a pass: its memory is
// allocated and zeroed once. `make timing` shows it, as the time by which two hashes take
// longer than one with as many passes.
const setup = 15

// work is what a hash costs, in fifteenths of a pass over a KiB.
func (p Params) work() uint64 { return uint64(p.MemoryKiB) * (setup*uint64(p.Time) + 1) }

// beyond are the costs of the work by which a hash with costs p is dearer than one with
// costs done; it is not if dearer is false. The two together take as long as a hash with
// costs p.
func (p Params) beyond(done Params) (rest Params, dearer bool) {
	all, part := p.work(), done.work()
	least := 8 * uint64(p.Threads)
	if all < part+least*(setup+1) {
		return Params{}, false
	}
	// With as few passes as fit at full memory, so that memory is as cold as in a hash.
	full := uint64(p.MemoryKiB)
	passes := uint64(1)
	if left := all - part; left > full*(setup+1) {
		passes = (left - full + full*setup - 1) / (full * setup)
	}
	return Params{MemoryKiB: uint32(max((all-part)/(setup*passes+1), least)), Time: uint32(passes), Threads: p.Threads}, true
}

// String is the form of the PHC string.
func (p Params) String() string {
	return fmt.Sprintf("m=%d,t=%d,p=%d", p.MemoryKiB, p.Time, p.Threads)
}
