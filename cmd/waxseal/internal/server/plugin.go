package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/plugins"
	"github.com/prometheus/client_golang/prometheus"
)

// plugin is the plugin as OPA starts and stops it.
type plugin struct {
	*host
	manager *plugins.Manager
	health  *health
	stop    context.CancelFunc
}

// Start implements [plugins.Plugin]. An error keeps the server from starting; OPA
// does not print it.
func (p *plugin) Start(ctx context.Context) error {
	if err := p.prepare(ctx); err != nil {
		p.report(err)
		return err
	}
	ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	go p.watch(ctx)
	go p.set.KeepKeys(ctx)
	return nil
}

func (p *plugin) prepare(ctx context.Context) error {
	if registry := p.manager.PrometheusRegister(); registry != nil {
		err := registry.Register(p.metrics)
		if err != nil && !errors.As(err, new(prometheus.AlreadyRegisteredError)) {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return putParameters(ctx, p.manager.Store, p.cfg)
}

// Stop implements [plugins.Plugin].
func (p *plugin) Stop(context.Context) {
	if p.stop != nil {
		p.stop()
	}
	p.manager.UpdatePluginStatus(name, &plugins.Status{State: plugins.StateNotReady})
}

// Reconfigure implements [plugins.Plugin]. OnConfig has refused every change.
func (p *plugin) Reconfigure(context.Context, any) {}

const (
	soon  = 5 * time.Second // until roots that could not be loaded are tried again
	later = time.Minute     // until roots are looked at again: they expire
)

// watch keeps the plugin's status: it is ready while the default trust root can
// be used. Roots are loaded at the first look, not by the first decision.
func (p *plugin) watch(ctx context.Context) {
	var last plugins.Status
	for {
		status := p.health.look(ctx)
		if ctx.Err() != nil {
			return
		}
		if status != last {
			if status.Message != "" {
				p.manager.Logger().Error("waxseal: %s", status.Message)
			}
			p.manager.UpdatePluginStatus(name, &status)
			last = status
		}
		pause := later
		if status.Message != "" {
			pause = soon
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
