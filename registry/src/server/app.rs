//! The HTTP service of a listener, built by hand. The `HttpServer` of actix-web cannot check a request before it sends
//! `100 Continue`, and cannot look at the first byte of a connection.

use std::rc::Rc;

use actix_http::{HttpMessage as _, Request, Response};
use actix_service::{Service, ServiceFactory, ServiceFactoryExt as _, fn_factory, fn_service, map_config};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::{App, FromRequest, Handler, Responder, web};

use super::dispatch::{Admitted, admit};
use super::state::ServerState;

type AppService = ServiceResponse<BoxBody>;

/// Builds the application in the form that actix-http needs.
pub fn app<F: Handler<Args>, Args>(
    state: web::Data<ServerState>,
    handler: F,
) -> impl ServiceFactory<Request, Config = (), Response = AppService, Error = actix_web::Error, InitError = ()>
where
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let app = App::new().app_data(state).default_service(web::to(handler));
    map_config(app, |()| AppConfig::default()).map(|response: ServiceResponse<_>| response.map_into_boxed_body())
}

/// Runs [`admit`] for each request whose client waits for `100 Continue`.
pub fn before_body(
    state: web::Data<ServerState>,
) -> impl ServiceFactory<Request, Config = (), Response = Request, Error = Response<BoxBody>, InitError = ()> {
    let asked = app(state, admit);
    fn_factory(move || {
        let service = asked.new_service(());
        async move {
            let service = Rc::new(service.await?);
            Ok(fn_service(move |request: Request| ask(Rc::clone(&service), request)))
        }
    })
}

async fn ask<S>(service: Rc<S>, request: Request) -> Result<Request, Response<BoxBody>>
where
    S: Service<Request, Response = AppService, Error = actix_web::Error>,
{
    let mut question = Request::new();
    question.head_mut().clone_from(request.head());
    let answer = service.call(question).await.map_err(|error| error.error_response())?;
    if answer.status() != StatusCode::CONTINUE {
        return Err(answer.into_parts().1.into());
    }
    request.extensions_mut().insert(Admitted);
    Ok(request)
}

/// Builds the HTTP service of one worker thread. This is a macro because the type differs between plain and TLS
/// connections.
macro_rules! http_service {
    ($params:ident, $stopping:ident, $state:ident) => {{
        let stopping = $stopping.clone();
        actix_http::HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout($params.header_timeout)
            .client_disconnect_timeout($crate::server::params::DISCONNECT_TIMEOUT)
            .keep_alive($params.idle_timeout)
            .on_connect_ext(|_: &_, data| {
                data.insert(roadstead_http::ConnectionLoad::default());
            })
            .expect($crate::server::app::before_body($state.clone()))
            .finish(
                $crate::server::app::app($state.clone(), $crate::server::dispatch::entry)
                    .map_err(|error| error.error_response()),
            )
    }};
}

pub(crate) use http_service;
