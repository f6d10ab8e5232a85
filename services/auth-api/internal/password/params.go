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

// String is the form of the PHC string.
func (p Params) String() string {
	return fmt.Sprintf("m=%d,t=%d,p=%d", p.MemoryKiB, p.Time, p.Threads)
}
