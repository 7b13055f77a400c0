"""Sign-in at an identity provider by OpenID Connect; imported only where one is set."""
