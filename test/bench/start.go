package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	starts   = 20
	startBar = 300 * time.Millisecond
	// binaryBar is in bytes.
	binaryBar = 28e6
)

// measureStart starts auth-api again and again, with its stores up and the
// schema applied, until /readyz answers 200.
func measureStart(ctx context.Context, st *stack, _ settings, t *table) error {
	var times []time.Duration
	for range starts {
		p, err := st.startAPI(ctx)
		if err != nil {
			return err
		}
		times = append(times, p.ready)
		if err := p.stop(); err != nil {
			return err
		}
	}
	slices.Sort(times)
	worst := times[len(times)-1]
	t.judge("start to ready", fmt.Sprintf("%s, the worst of %d %s", milli(percentile(times, 50)), starts, milli(worst)), "under "+milli(startBar), worst < startBar)
	info, err := os.Stat(st.binary)
	if err != nil {
		return err
	}
	t.judge("the binary", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), fmt.Sprintf("under %.0f MB", binaryBar/1e6), float64(info.Size()) < binaryBar)
	return nil
}
