# METADATA
# title: What stands at /
# description: The AdmissionReview that an API server asks for, so that the server is a webhook.
package system.main

import data.lib.waxseal.admission

apiVersion := "admission.k8s.io/v1"

kind := "AdmissionReview"

response := admission.response
