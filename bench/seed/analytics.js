// The class of the design text, as it stands there: what an author would start from.
class CLMAnalytics {
    constructor(config) {
        this.lokiUrl = config.lokiUrl;
        this.userId = config.userId || this.generateUserId();
        this.sessionId = this.generateSessionId();
        this.currentComponent = null;
        this.componentStartTime = null;
        this.buffer = [];
        this.flushInterval = config.flushInterval || 5000; // 5 seconds
        
        // Start periodic flush
        setInterval(() => this.flush(), this.flushInterval);
        
        // Flush on page unload
        window.addEventListener('beforeunload', () => this.flush());
    }
    
    /**
     * Generate or retrieve user ID
     */
    generateUserId() {
        let userId = localStorage.getItem('clm_user_id');
        if (!userId) {
            userId = 'user_' + Math.random().toString(36).substr(2, 9);
            localStorage.setItem('clm_user_id', userId);
        }
        return userId;
    }
    
    /**
     * Generate session ID
     */
    generateSessionId() {
        return 'session_' + Date.now() + '_' + Math.random().toString(36).substr(2, 9);
    }
    
    /**
     * Track component visit
     */
    trackComponentVisit(componentHash, componentName) {
        const timestamp = Date.now();
        
        // End previous component session
        if (this.currentComponent) {
            this.trackComponentExit(this.currentComponent, this.componentStartTime, timestamp);
        }
        
        // Start new component session
        this.currentComponent = {
            hash: componentHash,
            name: componentName
        };
        this.componentStartTime = timestamp;
        
        // Log component visit
        this.log({
            event: 'component_visit',
            component_hash: componentHash,
            component_name: componentName,
            timestamp: timestamp,
            user_id: this.userId,
            session_id: this.sessionId,
            url: window.location.href,
            referrer: document.referrer
        });
    }
    
    /**
     * Track component exit
     */
    trackComponentExit(component, startTime, endTime) {
        const duration = endTime - startTime;
        
        this.log({
            event: 'component_exit',
            component_hash: component.hash,
            component_name: component.name,
            duration_ms: duration,
            duration_seconds: Math.round(duration / 1000),
            timestamp: endTime,
            user_id: this.userId,
            session_id: this.sessionId
        });
    }
    
    /**
     * Track component interaction
     */
    trackInteraction(componentHash, interactionType, details = {}) {
        this.log({
            event: 'component_interaction',
            component_hash: componentHash,
            interaction_type: interactionType,
            timestamp: Date.now(),
            user_id: this.userId,
            session_id: this.sessionId,
            ...details
        });
    }
    
    /**
     * Track error
     */
    trackError(componentHash, error, context = {}) {
        this.log({
            event: 'component_error',
            component_hash: componentHash,
            error_message: error.message || error,
            error_stack: error.stack || '',
            timestamp: Date.now(),
            user_id: this.userId,
            session_id: this.sessionId,
            ...context
        });
    }
    
    /**
     * Add log to buffer
     */
    log(data) {
        this.buffer.push({
            timestamp: data.timestamp,
            data: data
        });
        
        console.log('[Analytics]', data.event, data);
        
        // Flush if buffer is large
        if (this.buffer.length >= 10) {
            this.flush();
        }
    }
    
    /**
     * Flush logs to Grafana Cloud Loki
     */
    async flush() {
        if (this.buffer.length === 0) return;
        
        const logs = this.buffer.splice(0); // Clear buffer
        
        try {
            // Format for Loki
            const streams = this.formatForLoki(logs);
            
            // Send to Loki
            await fetch(this.lokiUrl, {
                method: 'POST',
                headers: {
                    'Content-Type': 'application/json'
                },
                body: JSON.stringify({ streams })
            });
            
            console.log(`[Analytics] Flushed ${logs.length} logs to Loki`);
        } catch (error) {
            console.error('[Analytics] Failed to send logs:', error);
            // Put logs back in buffer
            this.buffer.unshift(...logs);
        }
    }
    
    /**
     * Format logs for Loki
     */
    formatForLoki(logs) {
        // Group logs by labels
        const streamMap = new Map();
        
        logs.forEach(({ timestamp, data }) => {
            // Create label set
            const labels = {
                job: 'clm-frontend',
                event: data.event,
                component: data.component_hash || 'unknown',
                user_id: data.user_id,
                session_id: data.session_id
            };
            
            const labelKey = JSON.stringify(labels);
            
            if (!streamMap.has(labelKey)) {
                streamMap.set(labelKey, {
                    stream: labels,
                    values: []
                });
            }
            
            // Add log entry [timestamp_ns, log_line]
            streamMap.get(labelKey).values.push([
                String(timestamp * 1000000), // Convert to nanoseconds
                JSON.stringify(data)
            ]);
        });
        
        return Array.from(streamMap.values());
    }
}

// Export for use
window.CLMAnalytics = CLMAnalytics;
