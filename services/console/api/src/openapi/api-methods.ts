import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { z } from 'zod';

import { type ApiOperation, operationOf } from '../http/operation.js';

/** Method of a controller, by its decorators. */
export interface ApiMethod {
  /** Method of HTTP in lower case. */
  method: string;
  /** Path as in OpenAPI: `/api/v1/pushes/{id}`. */
  path: string;
  operation: ApiOperation | undefined;
  /** Schemas of the path parameters, by name. */
  parameters: [string, z.ZodType][];
  query: z.ZodObject | undefined;
  body: z.ZodType | undefined;
}

/**
 * Parameter of a method as Nest stores it, under a key that starts with its
 * {@link RouteParamtypes}.
 */
interface RouteArgument {
  data?: string;
  schema?: z.ZodType;
}

/** Returns the routed methods of controllers, with or without an `@Operation`. */
export function apiMethods(controllers: readonly object[]): ApiMethod[] {
  return controllers.flatMap((controller) => {
    const { prototype } = controller as { prototype: Record<string, object> };
    return Object.getOwnPropertyNames(prototype)
      .filter((name) => Reflect.hasMetadata(METHOD_METADATA, prototype[name]!))
      .map((name) => apiMethod(controller, name, prototype[name]!));
  });
}

function apiMethod(controller: object, name: string, handler: object): ApiMethod {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
  const parts = [controller, handler].map((each) => Reflect.getMetadata(PATH_METADATA, each) as string);
  const path = parts.filter((part) => part !== '/').join('/');
  const stored = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<string, RouteArgument>;
  const named = (type: RouteParamtypes) =>
    Object.entries(stored).flatMap(([key, argument]) => (key.startsWith(`${type}:`) ? [argument] : []));
  return {
    method: RequestMethod[method].toLowerCase(),
    path: `/${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    operation: operationOf(handler),
    parameters: named(RouteParamtypes.PARAM).flatMap(({ data, schema }) => (data && schema ? [[data, schema]] : [])),
    query: named(RouteParamtypes.QUERY)[0]?.schema as z.ZodObject | undefined,
    body: named(RouteParamtypes.BODY)[0]?.schema,
  };
}
